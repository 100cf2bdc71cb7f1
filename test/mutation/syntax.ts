/** A source file as a tree (ESTree with TypeScript's nodes), as far as mutating needs it. */
import { parseAst } from "vitest/node";

export interface Node {
  type: string;
  /** Offsets into the text. */
  start: number;
  end: number;
  [member: string]: unknown;
}

/** @throws for a text that is no TypeScript. */
export function parse(text: string): Node {
  return parseAst(text, { lang: "ts" }) as unknown as Node;
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** A member that holds a node, if it does. */
export function child(node: Node, member: string): Node | null {
  const value = node[member];
  return isNode(value) ? value : null;
}

export function children(node: Node, member: string): Node[] {
  const value = node[member];
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The name of an identifier, or of what a member expression ends in; else empty. */
export function nameOf(node: Node | null): string {
  if (node?.type === "MemberExpression") return nameOf(child(node, "property"));
  return typeof node?.["name"] === "string" ? node["name"] : "";
}

/** What is compiled away with the types around it, and what holds a value all the same. */
const WITH_A_VALUE = new Set(["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression"]);
const NO_VALUE = new Set(["ImportDeclaration", "ExportAllDeclaration"]);

/** Every node that runs, the outer ones first, with those around it, the outermost first. Types and imports are left out. */
export function visit(node: Node, see: (node: Node, around: readonly Node[]) => void, around: readonly Node[] = []): void {
  if (NO_VALUE.has(node.type) || (node.type.startsWith("TS") && !WITH_A_VALUE.has(node.type))) return;
  see(node, around);
  const inside = [...around, node];
  for (const value of Object.values(node))
    for (const member of Array.isArray(value) ? value : [value]) if (isNode(member)) visit(member, see, inside);
}
