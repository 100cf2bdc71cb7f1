/** The tree of a query. `at` is an offset into its text, in UTF-16 units. */
import type { Type, Value } from "./value.ts";

interface Node {
  readonly at: number;
}

export type ComparisonOp = "==" | "!=" | "<" | "<=" | ">" | ">=" | "=~" | "!~";
export type ArithmeticOp = "+" | "-" | "*" | "/" | "%";
/** `contains`, `has` and their like ignore case unless they end in `_cs`. `matches regex` is `matches`. A `!` before it stands in `negated`. */
export type TextOp =
  | "contains"
  | "contains_cs"
  | "has"
  | "has_cs"
  | "hasprefix"
  | "hasprefix_cs"
  | "hassuffix"
  | "hassuffix_cs"
  | "startswith"
  | "startswith_cs"
  | "endswith"
  | "endswith_cs"
  | "matches";

export type Expression =
  | (Node & { readonly kind: "literal"; readonly type: Type; readonly value: Value })
  /** `x` or `['x y']`; also a name that `let` has given, until the query is planned. */
  | (Node & { readonly kind: "column"; readonly name: string })
  /** `of.name` and `of["name"]`; on a column it may be part of the name of a flattened field. */
  | (Node & { readonly kind: "member"; readonly of: Expression; readonly name: string })
  | (Node & { readonly kind: "index"; readonly of: Expression; readonly index: Expression })
  /** Names in lower case. `count()` and other aggregations are calls as well. */
  | (Node & { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] })
  /** Only as an argument: `count(*)`, `arg_max(x, *)`. */
  | (Node & { readonly kind: "star" })
  | (Node & { readonly kind: "negate"; readonly of: Expression })
  | (Node & { readonly kind: "logic"; readonly op: "and" | "or"; readonly left: Expression; readonly right: Expression })
  | (Node & { readonly kind: "compare"; readonly op: ComparisonOp; readonly left: Expression; readonly right: Expression })
  | (Node & { readonly kind: "arithmetic"; readonly op: ArithmeticOp; readonly left: Expression; readonly right: Expression })
  | (Node & {
      readonly kind: "text";
      readonly op: TextOp;
      readonly negated: boolean;
      readonly left: Expression;
      readonly right: Expression;
    })
  /** `in`, `in~` (ignores case), `has_any`, `has_all`; one item of type dynamic stands for its elements. */
  | (Node & {
      readonly kind: "among";
      readonly op: "in" | "in~" | "has_any" | "has_all";
      readonly negated: boolean;
      readonly left: Expression;
      readonly items: readonly Expression[];
    })
  | (Node & {
      readonly kind: "between";
      readonly negated: boolean;
      readonly of: Expression;
      readonly low: Expression;
      readonly high: Expression;
    });

/** `name = value`; without a name, the name is derived when the query is planned. */
export interface Named extends Node {
  readonly name: string | null;
  readonly value: Expression;
}

/** A column's name in which `*` stands for any text. */
export interface NamePattern extends Node {
  readonly pattern: string;
}

export interface SortKey extends Node {
  readonly by: Expression;
  readonly descending: boolean;
  readonly nulls: "first" | "last";
}

export type ParsePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "column"; readonly name: string; readonly type: Type; readonly at: number }
  /** Anything, not kept. */
  | { readonly kind: "any" };

export type Operator = Node &
  (
    | { readonly kind: "where"; readonly predicate: Expression }
    | { readonly kind: "extend"; readonly items: readonly Named[] }
    | { readonly kind: "project"; readonly items: readonly Named[] }
    | { readonly kind: "project-away" | "project-keep"; readonly names: readonly NamePattern[] }
    | { readonly kind: "project-rename"; readonly items: readonly { readonly to: string; readonly from: string; readonly at: number }[] }
    | { readonly kind: "project-reorder"; readonly names: readonly (NamePattern & { readonly order: "asc" | "desc" | null })[] }
    | { readonly kind: "summarize"; readonly aggregates: readonly Named[]; readonly by: readonly Named[] }
    | { readonly kind: "sort"; readonly keys: readonly SortKey[] }
    | { readonly kind: "top"; readonly count: number; readonly keys: readonly SortKey[] }
    | { readonly kind: "take" | "sample"; readonly count: number }
    | { readonly kind: "count" | "getschema" }
    /** No items: of whole rows. */
    | { readonly kind: "distinct"; readonly items: readonly Named[] }
    | {
        readonly kind: "mv-expand";
        readonly items: readonly (Named & { readonly type: Type | null })[];
        readonly indexName: string | null;
        /** Most rows that one row becomes. */
        readonly limit: number | null;
      }
    /** `parse` keeps what does not match, with nulls; `parse-where` drops it. */
    | {
        readonly kind: "parse";
        readonly of: Expression;
        readonly mode: "simple" | "relaxed" | "regex";
        readonly flags: string;
        readonly parts: readonly ParsePart[];
        readonly drops: boolean;
      }
    /** A text searches all columns. */
    | { readonly kind: "search"; readonly predicate: Expression }
    | {
        readonly kind: "make-series";
        readonly aggregates: readonly (Named & { readonly fallback: Expression | null })[];
        readonly on: Expression;
        readonly from: Expression | null;
        readonly to: Expression | null;
        readonly step: Expression;
        readonly by: readonly Named[];
      }
    | {
        readonly kind: "join";
        readonly how: "inner" | "innerunique" | "leftouter";
        readonly right: Tabular;
        /** Names of columns that are to be equal. */
        readonly on: readonly { readonly left: string; readonly right: string; readonly at: number }[];
      }
    | { readonly kind: "union"; readonly others: readonly Tabular[] }
  );

export type Source = Node &
  /** A dataset, or a name that `let` has given to a table. */
  (
    | { readonly kind: "table"; readonly name: string }
    | { readonly kind: "union"; readonly of: readonly Tabular[]; readonly sourceColumn: string | null }
    /** `print x = 1`: one row. */
    | { readonly kind: "print"; readonly items: readonly Named[] }
  );

export interface Tabular extends Node {
  readonly source: Source;
  readonly operators: readonly Operator[];
}

export interface Let extends Node {
  readonly name: string;
  readonly value: { readonly kind: "scalar"; readonly expression: Expression } | { readonly kind: "table"; readonly table: Tabular };
}

export interface Query {
  readonly lets: readonly Let[];
  readonly body: Tabular;
}
