/** Every test starts with empty stores and a migrated database. */
import { applyD1Migrations, type D1Migration, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach } from "vitest";

interface TestEnv {
  DB: D1Database;
  TEST_MIGRATIONS: D1Migration[];
}

beforeEach(async () => {
  const { DB, TEST_MIGRATIONS } = env as unknown as TestEnv;
  await reset();
  await applyD1Migrations(DB, TEST_MIGRATIONS);
});
