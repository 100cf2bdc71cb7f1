/** `+ - * / %` and the minus sign; the type of the result is known before. A null anywhere makes null, and so does a whole division by 0. */
import type { ArithmeticOp } from "../../apl/syntax.ts";
import type { Type } from "../../apl/value.ts";
import { asNumber, asSpan, asTime, type Bind, made, type Sql } from "./sql.ts";

export function arithmetic(bind: Bind, op: ArithmeticOp, left: Sql, right: Sql, type: Type): Sql {
  if (type === "datetime") {
    const [time, span] = left.type === "timespan" ? [asTime(bind, right), asSpan(bind, left)] : [asTime(bind, left), asSpan(bind, right)];
    return made("datetime", `addMicroseconds(${time.text}, ${op === "-" ? `-(${span.text})` : span.text})`);
  }
  if (type === "timespan") return spans(bind, op, left, right);
  const both = left.type === "timespan" && op === "/";
  const [a, b] = [both ? asSpan(bind, left).text : asNumber(bind, left).text, both ? asSpan(bind, right).text : asNumber(bind, right).text];
  if (op === "%") return result(type, `positiveModulo(${a}, nullIf(${b}, 0))`);
  if (op === "/") return type === "long" ? made("long", `intDiv(${a}, nullIf(${b}, 0))`) : made("real", `(${a} / ${b})`);
  return result(type, `(${a} ${op} ${b})`);
}

/** Numbers of dynamic values stay dynamic: as JSON. */
function result(type: Type, text: string): Sql {
  return type === "dynamic" ? made("dynamic", `nullIf(toJSONString(${text}), 'null')`) : made(type, text);
}

function spans(bind: Bind, op: ArithmeticOp, left: Sql, right: Sql): Sql {
  if (left.type === "datetime" || (left.type === "dynamic" && right.type === "datetime")) {
    const micros = (side: Sql) => `toUnixTimestamp64Micro(toDateTime64(${asTime(bind, side).text}, 6, 'UTC'))`;
    return made("timespan", `(${micros(left)} - ${micros(right)})`);
  }
  const number = (side: Sql) => (side.type === "timespan" ? side.text : asNumber(bind, side).text);
  if (op === "*" || op === "/") return made("timespan", `toInt64(round(${number(left)} ${op} ${number(right)}))`);
  const [a, b] = [asSpan(bind, left).text, asSpan(bind, right).text];
  return made("timespan", op === "%" ? `positiveModulo(${a}, nullIf(${b}, 0))` : `(${a} ${op} ${b})`);
}

export function negated(bind: Bind, of: Sql, type: Type): Sql {
  return result(type, `(0 - ${asNumber(bind, of).text})`);
}
