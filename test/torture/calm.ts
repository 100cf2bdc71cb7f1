/** A request for this path of an edge under torture ends all failures there and in its storage until their isolates end. */
export const CALM_PATH = "/torture/calm";
