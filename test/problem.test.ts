import { describe, expect, it, vi } from "vitest";
import { asProblem, Problem, problemResponse } from "../src/problem.ts";

const answer = async (problem: Problem) => {
  const response = problemResponse(problem, "t1");
  return { response, body: (await response.json()) as Record<string, unknown> };
};

describe("a problem", () => {
  it("is answered as JSON that Axiom's clients and RFC 9457 both read", async () => {
    const { response, body } = await answer(new Problem("dataset-unknown", "dataset x not found", { edgeDeployment: "r" }));
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("x-axiom-trace-id")).toBe("t1");
    expect(body).toEqual({
      code: 404,
      message: "dataset x not found",
      type: "urn:headgate:problem:dataset-unknown",
      title: "Dataset not found",
      status: 404,
      detail: "dataset x not found",
      edgeDeployment: "r",
    });
  });

  it.each(["overloaded", "store-unavailable"] as const)("that passes by itself says when to come again: %s", async (reason) => {
    expect((await answer(new Problem(reason, "x"))).response.headers.get("retry-after")).toBe("1");
  });

  it("says later than that where it is known, and nothing where coming again would not help", async () => {
    const retryAfter = async (problem: Problem) => (await answer(problem)).response.headers.get("retry-after");
    expect(await retryAfter(new Problem("quota-exceeded", "x", {}, 43_200))).toBe("43200");
    expect(await retryAfter(new Problem("forbidden", "x", {}, 43_200))).toBeNull();
  });

  it("of a credential challenges, naming an error only when there was one (RFC 6750)", async () => {
    const challenge = async (problem: Problem) => (await answer(problem)).response.headers.get("www-authenticate");
    expect(await challenge(new Problem("credential-missing", "x"))).toBe('Bearer realm="headgate"');
    expect(await challenge(new Problem("token-unknown", "x"))).toBe('Bearer realm="headgate", error="invalid_token"');
    expect(await challenge(new Problem("forbidden", "x"))).toBeNull();
  });

  it("that was none is a 500 which keeps its text for the log", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    const { response, body } = await answer(asProblem(new Error("secret detail")));
    expect(response.status).toBe(500);
    expect(JSON.stringify(body)).not.toContain("secret detail");
    expect(logged).toHaveBeenCalledOnce();
    logged.mockRestore();
  });
});
