/** A tree as a line, so that a table of trees can be read. Where nodes stand is left out. */
import type { Expression, Named, Operator, Query, Source, Tabular } from "../../../../src/edge/query/apl/syntax.ts";

export function drawnQuery({ lets, body }: Query): string {
  const given = lets.map(({ name, value }) => `${name} := ${value.kind === "table" ? drawn(value.table) : draw(value.expression)}; `);
  return given.join("") + drawn(body);
}

function drawn({ source, operators }: Tabular): string {
  return [drawnSource(source), ...operators.map(drawnOperator)].join(" | ");
}

function drawnSource(source: Source): string {
  if (source.kind === "table") return `<${source.name}>`;
  if (source.kind === "print") return `print ${named(source.items)}`;
  return `union ${source.sourceColumn === null ? "" : `${source.sourceColumn}: `}[${source.of.map(drawn).join(", ")}]`;
}

export function draw(node: Expression): string {
  switch (node.kind) {
    case "literal":
      return node.type === "long" || node.type === "bool" ? `${node.value}` : node.type + JSON.stringify(plain(node.value));
    case "column":
      return /^[\w$]+$/.test(node.name) ? node.name : `[${node.name}]`;
    case "member":
      return `${draw(node.of)}.${node.name}`;
    case "index":
      return `${draw(node.of)}[${draw(node.index)}]`;
    case "call":
      return `${node.name}(${node.args.map(draw).join(", ")})`;
    case "star":
      return "*";
    case "negate":
      return `(-${draw(node.of)})`;
    case "among":
      return `(${draw(node.left)} ${node.negated ? "!" : ""}${node.op} {${node.items.map(draw).join(", ")}})`;
    case "between":
      return `(${node.negated ? "!" : ""}${draw(node.low)} ≤ ${draw(node.of)} ≤ ${draw(node.high)})`;
    case "text":
      return `(${draw(node.left)} ${node.negated ? "!" : ""}${node.op} ${draw(node.right)})`;
    default:
      return `(${draw(node.left)} ${node.op} ${draw(node.right)})`;
  }
}

const plain = (value: unknown) => (typeof value === "number" && !Number.isFinite(value) ? `${value}` : value);

function named(items: readonly Named[]): string {
  return items.map(({ name, value }) => (name === null ? draw(value) : `${name} = ${draw(value)}`)).join(", ");
}

function drawnOperator(operator: Operator): string {
  return [operator.kind, rest(operator)].filter(Boolean).join(" ");
}

function rest(node: Operator): string {
  const optional = (word: string, value: Expression | null) => (value === null ? "" : ` ${word} ${draw(value)}`);
  switch (node.kind) {
    case "where":
    case "search":
      return draw(node.predicate);
    case "extend":
    case "project":
    case "distinct":
      return named(node.items);
    case "project-away":
    case "project-keep":
      return node.names.map(({ pattern }) => `<${pattern}>`).join(", ");
    case "project-reorder":
      return node.names.map(({ pattern, order }) => `<${pattern}>${order ? ` ${order}` : ""}`).join(", ");
    case "project-rename":
      return node.items.map(({ to, from }) => `${from} -> ${to}`).join(", ");
    case "summarize":
      return `[${named(node.aggregates)}] by [${named(node.by)}]`;
    case "sort":
    case "top": {
      const keys = node.keys.map(({ by, descending, nulls }) => `${draw(by)} ${descending ? "desc" : "asc"} ${nulls}`).join(", ");
      return node.kind === "top" ? `${node.count} ${keys}` : keys;
    }
    case "take":
    case "sample":
      return `${node.count}`;
    case "mv-expand": {
      const items = node.items.map((item) => named([item]) + (item.type ? ` to ${item.type}` : "")).join(", ");
      return `${items}${node.indexName === null ? "" : ` index ${node.indexName}`}${node.limit === null ? "" : ` limit ${node.limit}`}`;
    }
    case "parse": {
      const parts = node.parts.map((part) =>
        part.kind === "any" ? "*" : part.kind === "text" ? JSON.stringify(part.text) : `${part.name}:${part.type}`,
      );
      return `${node.mode}/${node.flags}${node.drops ? " drops" : ""} ${draw(node.of)}: ${parts.join(" ")}`;
    }
    case "make-series": {
      const aggregates = node.aggregates.map((item) => named([item]) + optional("else", item.fallback)).join(", ");
      const axis = draw(node.on) + optional("from", node.from) + optional("to", node.to) + optional("step", node.step);
      return `[${aggregates}] on ${axis} by [${named(node.by)}]`;
    }
    case "join":
      return `${node.how} (${drawn(node.right)}) on ${node.on.map(({ left, right }) => `${left}=${right}`).join(", ")}`;
    case "union":
      return `[${node.others.map(drawn).join(", ")}]`;
    default:
      return "";
  }
}
