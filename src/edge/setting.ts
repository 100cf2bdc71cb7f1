/** Single settings of wrangler.toml, read strictly. */

/** Reads each environment once, which is once per isolate. */
export function readOnce<E extends object, S>(read: (env: E) => S): (env: E) => S {
  let last: { from: E; settings: S } | undefined;
  return (env) => {
    if (last?.from !== env) last = { from: env, settings: read(env) };
    return last.settings;
  };
}

/** @throws Error for a region that is not set. */
export function regionId(value: string | undefined): string {
  if (!value) throw new Error("REGION must be set, for example cloud.us-east-1.aws");
  return value;
}

/** @throws Error naming the setting and what it may be; null: it is absent or empty. */
export function oneOf(name: string, value: string | undefined, allowed: readonly string[]): string | null {
  if (!value) return null;
  if (!allowed.includes(value)) throw new Error(`${name} must be one of ${allowed.join(", ")}, or absent`);
  return value;
}

/** @throws Error naming the setting and its bounds. */
export function wholeNumber(name: string, value: unknown, least: number, most: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new Error(`${name} must be a whole number from ${least} to ${most}`);
  return number;
}
