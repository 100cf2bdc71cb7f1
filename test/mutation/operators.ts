/** The ways in which a line can be wrong: what a hasty hand gets wrong in code that decides who may do what. */
import { child, children, type Node, nameOf } from "./syntax.ts";

/** A text in place of another one. */
export interface Edit {
  start: number;
  end: number;
  by: string;
}

export type Operator = (node: Node, around: readonly Node[], text: string) => Edit[];

export const OPERATORS: Record<string, Operator> = {
  "another comparison": (node, _, text) => otherSign(node, "BinaryExpression", { "===": "!==", "!==": "===" }, text),
  "another bound": (node, _, text) => otherSign(node, "BinaryExpression", { "<": "<=", "<=": "<", ">": ">=", ">=": ">" }, text),
  "and for or": (node, _, text) => otherSign(node, "LogicalExpression", { "&&": "||", "||": "&&" }, text),
  "not dropped": (node, _, text) =>
    node.type === "UnaryExpression" && node["operator"] === "!" ? [{ ...spanOf(node), by: written(child(node, "argument"), text) }] : [],
  "one side of ??": (node, _, text) =>
    node.type === "LogicalExpression" && node["operator"] === "??"
      ? ["left", "right"].map((side) => ({ ...spanOf(node), by: `(${written(child(node, side), text)})` }))
      : [],
  "always or never": alwaysOrNever,
  "a check left out": (node) => (node.type === "IfStatement" && throws(child(node, "consequent")) ? [without(node)] : []),
  "a line left out": (node) => (isForItsEffect(node) ? [without(node)] : []),
  "off by one": (node, around, text) => (isNamedNumber(node, around) ? offByOne(child(node, "init"), text) : []),
  "nothing in it": nothingInIt,
  "an anchor lost": anchorLost,
};

function spanOf({ start, end }: Node): { start: number; end: number } {
  return { start, end };
}

function written(node: Node | null, text: string): string {
  return node ? text.slice(node.start, node.end) : "";
}

function without(statement: Node): Edit {
  const other = child(statement, "alternate");
  // what is behind `else` runs then
  return other ? { start: statement.start, end: other.start, by: "" } : { ...spanOf(statement), by: ";" };
}

function otherSign(node: Node, type: string, others: Record<string, string>, text: string): Edit[] {
  const [left, right, sign] = [child(node, "left"), child(node, "right"), String(node["operator"])];
  const other = Object.hasOwn(others, sign) ? others[sign] : undefined;
  if (node.type !== type || !left || !right || other === undefined) return [];
  const start = text.indexOf(sign, left.end);
  return start >= 0 && start < right.start ? [{ start, end: start + sign.length, by: other }] : [];
}

/** Conditions of `if` and `?:`, and what a function returns that answers yes or no. */
function alwaysOrNever(node: Node, around: readonly Node[]): Edit[] {
  const both = (condition: Node | null, ...values: string[]) =>
    condition === null ? [] : values.map((by) => ({ ...spanOf(condition), by })).filter(({ by }) => by !== String(condition["value"]));
  switch (node.type) {
    case "IfStatement":
      return both(child(node, "test"), "true", ...(throws(child(node, "consequent")) ? [] : ["false"]));
    case "ConditionalExpression":
      return both(child(node, "test"), "true", "false");
    case "ReturnStatement":
      return answersYesOrNo(child(node, "argument"), around) ? both(child(node, "argument"), "true", "false") : [];
    case "ArrowFunctionExpression":
      return node["expression"] === true && answersYesOrNo(child(node, "body"), [node]) ? both(child(node, "body"), "true", "false") : [];
    default:
      return [];
  }
}

const ANSWERS = /^(test|has|hasOwn|includes|some|every|startsWith|endsWith|isArray|isInteger|is[A-Z]\w*)$/;

function answersYesOrNo(value: Node | null, around: readonly Node[]): boolean {
  const returns = around.findLast(({ type }) => /Function/.test(type))?.["returnType"] as Node | undefined;
  const declared = returns && child(returns, "typeAnnotation")?.type;
  return declared === "TSBooleanKeyword" || declared === "TSTypePredicate" || isCondition(value);
}

function isCondition(value: Node | null): boolean {
  switch (value?.type) {
    case "BinaryExpression":
      return /^([!=]==|[<>]=?)$/.test(String(value["operator"]));
    case "UnaryExpression":
      return value["operator"] === "!";
    case "LogicalExpression":
      return value["operator"] !== "??" && isCondition(child(value, "left")) && isCondition(child(value, "right"));
    case "CallExpression":
      return ANSWERS.test(nameOf(child(value, "callee")));
    default:
      return false;
  }
}

function throws(statement: Node | null): boolean {
  if (statement?.type === "BlockStatement") return throws(children(statement, "body").at(-1) ?? null);
  return statement?.type === "ThrowStatement";
}

const EFFECTS = new Set(["CallExpression", "AwaitExpression", "AssignmentExpression", "UpdateExpression"]);

function isForItsEffect(node: Node): boolean {
  const expression = node.type === "ExpressionStatement" ? child(node, "expression") : null;
  return expression !== null && EFFECTS.has(expression.type) && !isSaid(expression);
}

/** What is written to the log is for people. */
function isSaid(node: Node): boolean {
  const callee = child(node, "callee");
  return callee?.type === "MemberExpression" && nameOf(child(callee, "object")) === "console";
}

function isNamedNumber(node: Node, around: readonly Node[]): boolean {
  const named = node.type === "VariableDeclarator" && /^[A-Z][A-Z\d_]+$/.test(nameOf(child(node, "id")));
  return named && around.at(-2)?.type !== "FunctionBody" && isNumber(child(node, "init"));
}

function isNumber(value: Node | null): boolean {
  if (value?.type === "BinaryExpression") return isNumber(child(value, "left")) && isNumber(child(value, "right"));
  return (
    (value?.type === "Literal" && typeof value["value"] === "number") || (value?.type === "Identifier" && /^[A-Z_\d]+$/.test(nameOf(value)))
  );
}

function offByOne(value: Node | null, text: string): Edit[] {
  return value ? ["+", "-"].map((sign) => ({ ...spanOf(value), by: `${written(value, text)} ${sign} 1` })) : [];
}

function nothingInIt(node: Node, around: readonly Node[], text: string): Edit[] {
  const parent = around.at(-1);
  if (node.type === "ArrayExpression") return children(node, "elements").length > 0 ? [{ ...spanOf(node), by: "[]" }] : [];
  const isText = (node.type === "Literal" && typeof node["value"] === "string") || node.type === "TemplateLiteral";
  const isName = parent?.type === "Property" && parent["key"] === node && parent["computed"] !== true;
  const says = written(node, text).slice(1, -1);
  // sentences and statements: nobody decides by them, or everything stops without them
  if (!isText || isName || says === "" || /\w\W* +\W*\w/.test(says) || parent?.type === "ExpressionStatement") return [];
  return [{ ...spanOf(node), by: '""' }];
}

function anchorLost(node: Node, _: readonly Node[], text: string): Edit[] {
  if (node.type !== "Literal" || typeof node["regex"] !== "object") return [];
  const all = written(node, text);
  const last = all.lastIndexOf("/");
  const edits: Edit[] = [];
  if (all.startsWith("/^")) edits.push({ start: node.start, end: node.start + 2, by: "/" });
  if (all[last - 1] === "$" && all[last - 2] !== "\\") edits.push({ start: node.start + last - 1, end: node.start + last, by: "" });
  return edits;
}

/** Whether a node only words a refusal: which one it is, is not words. */
export function isWords(node: Node, around: readonly Node[]): boolean {
  return around.some((outer, depth) => {
    const inner = around[depth + 1] ?? node;
    if (outer.type === "CallExpression") return isSaid(outer) || around[depth - 1]?.type === "ThrowStatement";
    if (outer.type !== "NewExpression" || !/(Error|Problem|Failure)$/.test(nameOf(child(outer, "callee")))) return false;
    return nameOf(child(outer, "callee")) !== "Problem" || children(outer, "arguments")[0] !== inner;
  });
}
