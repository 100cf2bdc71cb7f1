import { scanValue } from "../scan/scan.ts";
import { csvDecoder } from "./csv.ts";
import type { Format } from "./format.ts";

/** CSV as a format: each record becomes an object, and then goes the way of any other object. */
export const csv: Format = {
  name: "csv",
  types: ["text/csv", "application/csv"],
  open(_window, events, { csvDelimiter, csvFields }) {
    return csvDecoder(
      { delimiter: csvDelimiter, fields: csvFields, bytesMax: events.limits.csvBytes, recordBytesMax: events.limits.eventBytes },
      {
        isFull: () => events.full,
        object(bytes, start, end, index) {
          scanValue(bytes, start, end, events.watch, true, events.found);
          events.add(bytes, start, end, index);
        },
        reject: (index, reason, raw) => events.reject(index, "row", reason, raw),
      },
    );
  },
};
