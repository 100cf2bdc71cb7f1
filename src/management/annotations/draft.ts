/** Annotations as clients send them. axiom-go sends empty texts and year 1 for what was not given, axiom-py null. */
import * as v from "valibot";
import { Problem } from "../../problem.ts";
import { type Expiry, instant, readExpiry } from "../tokens/expiry.ts";
import type { Annotation } from "./store.ts";

const TEXT_LENGTH_MAX = 256;
const LONG_TEXT_LENGTH_MAX = 512;
const DATASETS_PER_ANNOTATION_MAX = 100;

const text = (most: number) => v.nullish(v.pipe(v.string(), v.maxLength(most, `must be at most ${most} characters`)));
const Type = v.pipe(
  v.string(),
  v.maxLength(TEXT_LENGTH_MAX, `must be at most ${TEXT_LENGTH_MAX} characters`),
  v.regex(/^[a-z0-9-]+$/, "must be lower-case letters, digits and hyphens, at least one"),
);
const Datasets = v.pipe(
  v.array(v.string()),
  v.minLength(1, "must name at least one dataset"),
  v.maxLength(DATASETS_PER_ANNOTATION_MAX, `must name at most ${DATASETS_PER_ANNOTATION_MAX} datasets`),
);
const Texts = { title: text(TEXT_LENGTH_MAX), description: text(LONG_TEXT_LENGTH_MAX), url: text(LONG_TEXT_LENGTH_MAX) };
const Times = { time: v.nullish(v.string()), endTime: v.nullish(v.string()) };

export const NewAnnotation = v.strictObject({ datasets: Datasets, type: Type, ...Texts, ...Times });
export const AnnotationUpdate = v.strictObject({ datasets: v.nullish(Datasets), type: v.nullish(Type), ...Texts, ...Times });
type Draft = v.InferOutput<typeof AnnotationUpdate>;

/** All of an annotation but what the database and the caller's organisation decide. */
export type Written = Pick<Annotation, "title" | "description" | "url" | "beginsAt" | "begins" | "endsAt" | "ends">;

export function blank(now: number): Written {
  return { title: "", description: "", url: "", beginsAt: now, begins: instant(now), endsAt: null, ends: null };
}

/**
 * What is not given stays.
 * @throws Problem `body-invalid`
 */
export function written({ title, description, url, time, endTime }: Draft, before: Written): Written {
  const begins = given("time", time, { at: before.beginsAt, text: before.begins });
  const ends = given("endTime", endTime, { at: before.endsAt, text: before.ends });
  if (ends.at !== null && begins.at !== null && ends.at < begins.at)
    throw new Problem("body-invalid", "endTime must not be before time, which is now if it is not given");
  if (url) requireLink(url);
  return {
    ...{ title: title ?? before.title, description: description ?? before.description, url: url ?? before.url },
    ...{ beginsAt: begins.at ?? before.beginsAt, begins: begins.text ?? before.begins, endsAt: ends.at, ends: ends.text },
  };
}

function given(member: string, value: string | null | undefined, before: Expiry): Expiry {
  const read = readExpiry(member, value, "not given");
  return read.at === null ? before : read;
}

/** Whoever shows it makes it a link, which must not be a script. */
function requireLink(url: string): void {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new Problem("body-invalid", "url must be an address that begins with https:// or http://");
}
