/** Applies the migrations of the management database, in wrangler's own table, so that `wrangler d1 migrations list` agrees. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { D1Database } from "@cloudflare/workers-types";
import { unstable_splitSqlQuery as splitStatements } from "wrangler";
import { ROOT } from "./bundle.ts";

const FOLDER = path.join(ROOT, "src/management/migrations");

// as wrangler writes it
const TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** Each file in one transaction together with its row; returns the names that were new. */
export async function migrate(db: D1Database): Promise<string[]> {
  await db.prepare(TABLE).run();
  const { results } = await db.prepare("SELECT name FROM d1_migrations").all<{ name: string }>();
  const applied = new Set(results.map(({ name }) => name));
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".sql") && !applied.has(file));
  files.sort();
  for (const file of files) {
    const statements = splitStatements(readFileSync(path.join(FOLDER, file), "utf8")).map((sql) => db.prepare(sql));
    await db.batch([...statements, db.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(file)]);
  }
  return files;
}
