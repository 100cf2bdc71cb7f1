/** `npm start`, as a person meets it the first time, the second time, and when something is in the way. */
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { findFree } from "../../src/local/ports.ts";
import { keepSeeding, localFile, readSecrets, secretsFile } from "../../src/local/state.ts";
import { command, descendantsOf, type Ended, ROOT, readBack, readLocal, remove, runs, shell, start, temporaryFolder } from "./command.ts";

const READY_WITHIN_MS = 15_000;
const US = "cloud.us-east-1.aws";
const EU = "cloud.eu-central-1.aws";

const folders: string[] = [];
afterAll(() => folders.forEach(remove));

function folder(): string {
  const made = temporaryFolder();
  folders.push(made);
  return made;
}

/** What stands between the box's lines. */
function commandsOf(banner: string): string {
  const lines = banner.slice(banner.indexOf("├")).split("\n");
  return lines.filter((line) => !/^[├└]/.test(line)).join("\n");
}

function expectRefusal({ code, stdout, stderr }: Ended, ...words: (string | number)[]): void {
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).toMatch(/^headgate: /);
  expect(stderr).not.toMatch(/^\s+at /m);
  for (const word of words) expect(stderr).toContain(String(word));
}

describe("npm start", () => {
  const state = folder();

  it("is ready within 15 s, and what it prints can be pasted", async () => {
    const began = performance.now();
    const { printed, local } = await start(state, "npm");
    const first = await shell(
      commandsOf(printed.stdout)
        .split("\n")
        .find((line) => line.startsWith("curl")) ?? "",
    );
    expect(performance.now() - began).toBeLessThan(READY_WITHIN_MS);
    expect(JSON.parse(first.stdout)).toMatchObject({ ingested: 1, failed: 0 });

    const all = await shell(commandsOf(printed.stdout));
    expect(all).toMatchObject({ code: 0, stderr: "" });
    expect(all.stdout).toContain('{"segments":1,"rows":2}');
    expect(all.stdout).toContain(`/dataset=${local.datasets[US]}/`);
    for (const credential of [local.ownerToken, local.ingestToken, local.org]) expect(printed.stdout).toContain(credential);
    expect(printed.stderr).toBe("");
  });

  it("keeps its data, credentials and URLs for the next start", async () => {
    const before = readLocal(state);
    const { local, printed } = await start(state, "node", Number(new URL(before.management).port));
    expect(local).toEqual(before);
    expect(await readBack(local, US)).toHaveLength(2);
    await shell(commandsOf(printed.stdout));
    expect(await readBack(local, US)).toHaveLength(3);
    expect(printed.stderr).toBe("");
  });

  it("tells a sender in the wrong region the local edge of the right one", async () => {
    const { local } = await start(folder());
    const response = await fetch(`${local.edges[US]}/v1/ingest/demo-eu`, {
      method: "POST",
      headers: { authorization: `Bearer ${local.ingestToken}` },
      body: "[{}]",
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ edgeDeploymentUrl: local.edges[EU] });
  });

  it("writes local.json for its owner only, with a working URL for each part", async () => {
    const { local, port } = await start(state);
    expect(statSync(localFile(state)).mode & 0o777).toBe(0o600);
    expect(local).toEqual({
      management: `http://127.0.0.1:${port}`,
      edges: { [US]: `http://127.0.0.1:${port + 1}`, [EU]: `http://127.0.0.1:${port + 2}` },
      org: expect.stringMatching(/./),
      ownerToken: expect.stringMatching(/^xapt-/),
      ingestToken: expect.stringMatching(/^xaat-/),
      datasets: { [US]: "demo-us", [EU]: "demo-eu" },
    });
    for (const [region, edge] of Object.entries(local.edges))
      expect(await (await fetch(`${edge}/healthz`)).json()).toMatchObject({ region });
    expect((await fetch(`${local.management}/healthz`)).status).toBe(200);
  });

  it.each(["SIGTERM", "SIGINT"] as const)("leaves no process behind after %s", async (signal) => {
    const gateway = await start(state, "npm");
    const below = descendantsOf(gateway.process.pid as number);
    expect(below.length).toBeGreaterThan(1);
    gateway.process.kill(signal);
    await gateway.ended;
    expect(below.filter(runs)).toEqual([]);
  });

  it("uses the database that wrangler sees", async () => {
    await start(state);
    const list = `${process.execPath} node_modules/wrangler/bin/wrangler.js d1 migrations list headgate --local -e management --persist-to`;
    const { code, stdout } = await shell(`cd ${ROOT}; WRANGLER_SEND_METRICS=false WRANGLER_WRITE_LOGS=false ${list} ${state}`);
    expect(code).toBe(0);
    expect(stdout).toContain("No migrations to apply");
  });

  it("seeds again what was deleted", async () => {
    const { local, process, ended } = await start(state);
    const headers = { authorization: `Bearer ${local.ownerToken}`, "x-axiom-org-id": local.org };
    expect((await fetch(`${local.management}/v2/datasets/demo-eu`, { method: "DELETE", headers })).status).toBe(204);
    process.kill("SIGTERM");
    await ended;
    const again = await start(state);
    expect(again.local.ingestToken).not.toBe(local.ingestToken);
    const response = await fetch(`${again.local.edges[EU]}/v1/ingest/demo-eu`, {
      method: "POST",
      headers: { authorization: `Bearer ${again.local.ingestToken}` },
      body: "[{}]",
    });
    expect(await response.json()).toMatchObject({ ingested: 1 });
  });

  it("names the busy port and the way around it, before it builds anything", async () => {
    const { port } = await start(state);
    for (const first of [port, port - 1, port - 2]) {
      const fresh = folder();
      const refused = await command("start.ts", "--port", String(first), "--state", fresh);
      expectRefusal(refused, `port ${port}`, "-- --port N");
      expect(refused.stderr.trim()).not.toContain("\n");
    }
  });

  it("does not open the state of a running gateway", async () => {
    await start(state);
    expectRefusal(await command("start.ts", "--port", String(await findFree(3)), "--state", state), state, "-- --state DIR");
  });

  it("goes on where an interrupted seeding stopped", async () => {
    const { org, ownerToken } = readLocal(state);
    rmSync(localFile(state));
    keepSeeding(state, { org, ownerToken });
    expect((await start(state)).local).toMatchObject({ org, ownerToken, ingestToken: expect.stringMatching(/^xaat-/) });
  });

  it("adds a secret that the state of an earlier version lacks, and changes none that is there", async () => {
    const file = secretsFile(state);
    const { SINK_SECRETS_KEY: _, ...earlier } = readSecrets(file);
    writeFileSync(file, JSON.stringify(earlier));
    const { local } = await start(state);
    const kept = JSON.parse(readFileSync(file, "utf8"));
    expect(kept).toEqual({ ...earlier, SINK_SECRETS_KEY: expect.stringMatching(/^1:[\w-]{43}$/) });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const response = await fetch(`${local.management}/v2/datasets/${local.datasets[US]}/settings`, {
      method: "PUT",
      headers: { authorization: `Bearer ${local.ownerToken}`, "x-axiom-org-id": local.org },
      body: JSON.stringify({ sinks: [{ name: "hook", type: "http", url: "https://x.example", secrets: { authorization: "Bearer s" } }] }),
    });
    expect(await response.json()).toMatchObject({ sinks: [{ secrets: { authorization: "set" } }] });
  });

  it("says what to do when the owner's token is gone", async () => {
    rmSync(localFile(state));
    const refused = await command("start.ts", "--port", String(await findFree(3)), "--state", state);
    expectRefusal(refused, localFile(state), `rm -r ${state}`);
  });
});

describe("its options", () => {
  it("prints nothing with --quiet", async () => {
    const state = folder();
    const port = await findFree(3);
    const { startChild } = await import("../../src/local/child.ts");
    const child = await startChild(port, state);
    expect(child.local).toEqual(readLocal(state));
    await child.stop();
    expect(child.process.exitCode).toBe(0);
  });

  it.each([["--prot", "8787"], ["--port", "x"], ["8787"]])("refuses %s %s with exit code 2 and the usage", async (...args) => {
    const { code, stdout, stderr } = await command("start.ts", ...args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^headgate: .*--|^headgate: .*8787/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each(["start.ts", "demo.ts"])("of %s are told by --help", async (script) => {
    const { code, stdout } = await command(script, "--help");
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: npm ");
  });
});
