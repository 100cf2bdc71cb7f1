/** A request for this path of an edge under torture ends all failures there until its isolate ends. */
export const CALM_PATH = "/torture/calm";
