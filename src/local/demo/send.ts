/** Sends a batch the way an operator would: with curl, compressed. */
import { spawn, spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Stop } from "../stop.ts";

export const ENCODINGS = ["gzip", "zstd"] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface Shipment {
  url: string;
  token: string;
  contentType: string;
  encoding: Encoding;
  body: Buffer;
}

const OUTPUT_BYTES_MAX = 64_000_000;
/** curl repeats 429 and 503 after the time that `Retry-After` names, as a shipper would. */
const CURL = ["--silent", "--show-error", "--fail-with-body", "--max-time", "120", "--retry", "10", "--config", "-"];

const hasZstd = spawnSync("zstd", ["--version"]).status === 0;

/**
 * Returns the reply of a 200. `folder` is for the body, which curl reads from a file; the token goes through curl's input, where
 * the list of processes does not show it.
 * @throws Stop with what curl says otherwise.
 */
export async function send({ url, token, contentType, encoding, body }: Shipment, folder: string): Promise<Record<string, unknown>> {
  const file = path.join(folder, `${crypto.randomUUID()}.${encoding}`);
  writeFileSync(file, compress(body, encoding));
  const headers = [`Authorization: Bearer ${token}`, `Content-Type: ${contentType}`, `Content-Encoding: ${encoding}`];
  try {
    const config = headers.map((header) => `header = "${header}"\n`).join("");
    return JSON.parse(await curl([...CURL, "--data-binary", `@${file}`, url], config));
  } finally {
    rmSync(file);
  }
}

function compress(body: Buffer, encoding: Encoding): Buffer {
  if (encoding === "gzip") return gzipSync(body);
  if (!hasZstd) return zstdCompressSync(body);
  return spawnSync("zstd", ["--quiet", "--stdout"], { input: body, maxBuffer: OUTPUT_BYTES_MAX }).stdout;
}

async function curl(args: string[], input: string): Promise<string> {
  const child = spawn("curl", args, { stdio: "pipe" });
  child.stdin.end(input);
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (errors += text));
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code !== 0) throw new Stop(`curl ${args.at(-1)} failed: ${errors.trim()} ${output}`);
  return output;
}
