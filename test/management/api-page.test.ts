/**
 * The page about the API against the table of routes: each row of its tables begins with the routes it is about, and who may call them.
 * Resources that are forwarded stand there by their collection.
 */
import { describe, expect, it } from "vitest";
import api from "../../src/docs/api.md";
import { forwarded } from "../../src/management/forwarding/table.ts";
import type { Route } from "../../src/management/route.ts";
import { ROUTES } from "../../src/management/routes.ts";

const LETTERS = { api: "A", personal: "P", session: "S" } as const;

/** `METHOD /path` with braces, or a forwarded collection -> what the page says of who may call it. */
const SAID = new Map(
  api
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((line) => {
      const [, places = "", who = ""] = line.split("|").map((cell) => cell.trim());
      return [...places.matchAll(/`([^`]+)`/g)].map(([, place = ""]) => [place, who] as const);
    }),
);

const placeOf = ({ method, path }: Route) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`;
const collectionOf = ({ path }: Route) => path.replace(/\/:.*/, "");

function whoOf(route: Route): string {
  if (route.as === "anyone") return route.by;
  const words = [route.by.map((kind) => LETTERS[kind]).join(" ")];
  if ("needs" in route && route.needs) words.push(`\`${route.needs}\``);
  if ("admin" in route && route.admin) words.push("administrator");
  if (route.recent) words.push("recent");
  if ("on" in route && route.on) words.push(route.on === "see" ? "sees it" : `\`${route.on}\` on it`);
  if (route.as === "visitor") words.push("no organisation");
  return words.join(", ");
}

describe("the page about the API", () => {
  it("names every route, and who may call it, as the route's own row has it", () => {
    const own = ROUTES.filter((route) => !forwarded.includes(route));
    expect(own.length).toBeGreaterThan(100);
    const wrong = own.filter((route) => SAID.get(placeOf(route)) !== whoOf(route));
    expect(wrong.map((route) => `${placeOf(route)} | ${whoOf(route)} | the page: ${SAID.get(placeOf(route))}`)).toEqual([]);
  });

  it("names every collection that is forwarded, and which credentials may ask for it", () => {
    const letters = (route: Route) => (route.as === "caller" ? route.by.map((kind) => LETTERS[kind]).join(" ") : "");
    const wrong = forwarded.filter((route) => SAID.get(collectionOf(route)) !== letters(route));
    expect(wrong.map((route) => `${collectionOf(route)}: ${SAID.get(collectionOf(route))}`)).toEqual([]);
  });

  it("names no route and no collection that there is not", () => {
    const places = new Set([...ROUTES.map(placeOf), ...forwarded.map(collectionOf)]);
    const named = [...SAID.keys()].filter((place) => /^([A-Z]+ )?\//.test(place));
    expect(named.filter((place) => !places.has(place))).toEqual([]);
  });

  it("has four columns in each row about routes, so that none is read as another", () => {
    const rows = api.split("\n").filter((line) => /^\| `([A-Z]+ )?\//.test(line));
    expect(rows.filter((row) => row.split("|").length !== 6)).toEqual([]);
  });
});
