import { becomes, type PlanOperator } from "../plan/flow.ts";
import { openLayout } from "../plan/layout.ts";
import { shownSlots } from "../plan/shown.ts";
import type { Row, Type, Value } from "../value.ts";

const DATA_TYPES: Record<Type, string> = {
  bool: "System.SByte",
  long: "System.Int64",
  real: "System.Double",
  string: "System.String",
  datetime: "System.DateTime",
  timespan: "System.TimeSpan",
  dynamic: "System.Object",
};

/** Of events, the columns that they have, each with the type of all its values, or dynamic. */
export const getschema: PlanOperator<"getschema"> = (flow) => {
  const before = { ...flow };
  const { layout, open } = before;
  becomes(
    flow,
    openLayout([
      { name: "ColumnName", type: "string" },
      { name: "ColumnOrdinal", type: "long" },
      { name: "DataType", type: "string" },
      { name: "ColumnType", type: "string" },
    ]),
  );
  flow.steps.push((next) => {
    const seen: (Type | undefined)[] = [];
    return {
      push(rows) {
        if (open || layout.list.some(({ type }) => type === "dynamic")) for (const row of rows) look(row, seen);
      },
      finish() {
        const slots = shownSlots(before, (slot) => seen[slot] !== undefined);
        const rows = slots.map((slot, i): Row => {
          const { name = "", type = "dynamic" } = layout.list[slot] ?? {};
          const found = type === "dynamic" ? (seen[slot] ?? type) : type;
          return [name, i, DATA_TYPES[found], found];
        });
        next.push(rows);
        next.finish();
      },
      get isDone() {
        return next.isDone;
      },
    };
  });
};

function look(row: Row, seen: (Type | undefined)[]): void {
  for (let slot = 0; slot < row.length; slot++) {
    const value = row[slot];
    if (value === undefined || value === null) continue;
    const [type, before] = [typeOf(value), seen[slot]];
    if (before === type || before === "dynamic") continue;
    const isNumber = (one: Type) => one === "long" || one === "real";
    seen[slot] = before === undefined ? type : isNumber(type) && isNumber(before) ? "real" : "dynamic";
  }
}

function typeOf(value: Value): Type {
  if (typeof value === "number") return Number.isInteger(value) ? "long" : "real";
  if (typeof value === "boolean") return "bool";
  return typeof value === "string" ? "string" : "dynamic";
}
