import { scanValue } from "../scan/scan.ts";
import { scanCsv } from "./csv.ts";
import type { Format } from "./format.ts";

/** CSV as a format: each record becomes an object, and then goes the way of any other object. */
export const csv: Format = {
  name: "csv",
  types: ["text/csv", "application/csv"],
  decode(body, events, options) {
    let rows = 0;
    scanCsv(
      body,
      { delimiter: options.csvDelimiter, fields: options.csvFields },
      {
        object(bytes, start, end) {
          scanValue(bytes, start, end, events.watch, true, events.found);
          events.add(bytes, start, end, rows++);
        },
        reject(index, reason) {
          rows = index + 1;
          events.reject(index, "row", reason, null);
        },
      },
    );
  },
};
