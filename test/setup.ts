/** Every test starts with empty stores and a migrated database. */
import { applyD1Migrations, type D1Migration, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach } from "vitest";

interface TestEnv {
  DB: D1Database;
  TEST_MIGRATIONS: D1Migration[];
}

/** Between two files, workerd now and then answers that everything is deleted while nothing is; asked again, it does it. */
const RESETS_MAX = 5;

beforeEach(async () => {
  const { DB, TEST_MIGRATIONS } = env as unknown as TestEnv;
  await emptied(DB);
  await applyD1Migrations(DB, TEST_MIGRATIONS);
});

async function emptied(db: D1Database): Promise<void> {
  for (let resets = 0; resets < RESETS_MAX; resets += 1) {
    await reset();
    if (!(await db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'orgs'").first())) return;
  }
  throw new Error(`the stores of the last test are still there after ${RESETS_MAX} resets`);
}
