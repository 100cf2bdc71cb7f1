/** How a token is sent, and how it must not be: the same at both planes. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

export interface Sent {
  headers?: [name: string, value: string][];
  query?: string;
  /** A request that carries one; without, it is whatever the plane is asked most. */
  body?: string;
  /** No store answers, so that whoever asks one gets a 503. */
  alone?: boolean;
}

export interface Door {
  /** One that is let in. */
  token: string;
  /** Well-formed, and nobody's. */
  unknown: string;
  send(sent: Sent): Promise<Response>;
}

const SAID = ["log", "info", "warn", "error", "debug"] as const;

export function describeTransport(plane: string, open: () => Promise<Door>): void {
  describe(`a token on its way to ${plane}`, () => {
    let door: Door;
    let said: string[] = [];

    beforeEach(async () => {
      door = await open();
      said = [];
      for (const how of SAID) vi.spyOn(console, how).mockImplementation((...words) => void said.push(words.map(String).join(" ")));
    });
    afterEach(() => {
      vi.restoreAllMocks();
    });

    const as = async (
      authorization: string | null,
      more: Sent = {},
    ): Promise<[status: number, reason: string, challenge: string | null]> => {
      const headers: [string, string][] = [...(authorization === null ? [] : [["authorization", authorization] as [string, string]])];
      const response = await door.send({ ...more, headers: [...headers, ...(more.headers ?? [])] });
      const { type = "" } = (await response.json()) as { type?: string };
      return [response.status, type.replace("urn:headgate:problem:", ""), response.headers.get("www-authenticate")];
    };
    const MISSING = [401, "credential-missing", 'Bearer realm="headgate"'];
    const MALFORMED = [401, "credential-malformed", 'Bearer realm="headgate", error="invalid_token"'];
    const REPEATED = [400, "credential-repeated", 'Bearer realm="headgate", error="invalid_request"'];
    const LET_IN = [200, "", null];

    it("1 is missed with a bare challenge, before any store is asked", async () => {
      for (const header of [null, ""]) expect(await as(header, { alone: true })).toEqual(MISSING);
    });

    it.each(["Basic", "Token", "Digest", "Negotiate", "OAuth", "ApiKey", "Splunk", "X-Bearer", "Bearer:", "Bearer,", "1", ""])(
      "2 is not taken under the scheme %j",
      async (scheme) => {
        expect(await as(`${scheme} ${door.token}`, { alone: true })).toEqual(MALFORMED);
      },
    );

    it("2 is not taken alone, nor as the user of a Basic credential", async () => {
      for (const header of [door.token, `Basic ${btoa(door.token)}`, `Basic ${btoa(`${door.token}:`)}`])
        expect(await as(header, { alone: true })).toEqual(MALFORMED);
    });

    it.each(["bearer", "BEARER", "bEaReR"])("3 is taken under the scheme written %s", async (scheme) => {
      expect(await as(`${scheme} ${door.token}`)).toEqual(LET_IN);
    });

    it("4 is one word behind blanks, and nothing else", async () => {
      for (const blanks of [" ", "  "]) expect(await as(`Bearer${blanks}${door.token}`)).toEqual(LET_IN);
      for (const header of ["Bearer", "Bearer ", "Bearer    ", `Bearer\t${door.token}`, `Bearer \t${door.token}`])
        expect(await as(header, { alone: true })).toEqual(MALFORMED);
      for (const word of [`${door.token} ${door.token}`, `${door.token} x`, `"${door.token}"`, `<${door.token}>`, `${door.token};`])
        expect(await as(`Bearer ${word}`, { alone: true })).toEqual(MALFORMED);
    });

    it("5 comes in one header: of two, like or unlike, none counts", async () => {
      for (const other of [door.token, door.unknown, "x"]) {
        const second = { headers: [["authorization", `Bearer ${other}`]] as [string, string][], alone: true };
        expect(await as(`Bearer ${door.token}`, second)).toEqual(REPEATED);
      }
    });

    it("6 comes alone in its header: of several behind commas none counts", async () => {
      for (const more of [`, Bearer ${door.token}`, `,${door.token}`, `, ${door.token}`, ", Basic x", ","])
        expect(await as(`Bearer ${door.token}${more}`, { alone: true })).toEqual(REPEATED);
    });

    it.each(["access_token", "token", "tk", "apikey", "api_key", "authorization"])(
      "7 does not count as ?%s=, and spoils the header's",
      async (name) => {
        const query = `?${name}=${door.token}`;
        expect(await as(null, { query, alone: true })).toEqual(MISSING);
        expect(await as(`Bearer ${door.token}`, { query, alone: true })).toEqual(REPEATED);
      },
    );

    it.each([
      "x-api-key",
      "x-sf-token",
      "x-axiom-token",
      "x-auth-token",
      "proxy-authorization",
      "x-authorization",
      "x-forwarded-authorization",
    ])("8 does not count in the header %s", async (name) => {
      for (const value of [door.token, `Bearer ${door.token}`])
        expect(await as(null, { headers: [[name, value]], alone: true })).toEqual(MISSING);
    });

    it("8 does not count in a cookie or a body", async () => {
      for (const name of ["token", "access_token", "authorization", "__Host-sid", "__Host-session"])
        expect(await as(null, { headers: [["cookie", `${name}=${door.token}`]], alone: true })).toEqual(MISSING);
      const form: [string, string][] = [["content-type", "application/x-www-form-urlencoded"]];
      expect(await as(null, { headers: form, body: `access_token=${door.token}`, alone: true })).toEqual(MISSING);
      expect(await as(null, { body: JSON.stringify({ access_token: door.token, token: door.token }), alone: true })).toEqual(MISSING);
    });

    it.each([257, 8_000, 20_000, 70_000])("11 is refused unread when it is %d characters long", async (length) => {
      for (const word of ["a".repeat(length), door.token.padEnd(length, "A"), `${door.token}.${"a".repeat(length)}`]) {
        expect(await as(`Bearer ${word}`, { alone: true })).toEqual(MALFORMED);
        expect(await as(`Basic ${btoa(`x:${word}`)}`, { alone: true })).toEqual(MALFORMED);
      }
      if (length > 8_200) {
        const jwt = `${"a".repeat(length)}.b.c`;
        expect(await as(`Bearer ${jwt}`, { alone: true })).toEqual(MALFORMED);
      }
    });

    it.each(["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])("12 is not spared by %s", async (name) => {
      for (const method of ["GET", "OPTIONS", "HEAD", "DELETE"]) {
        expect(await as(null, { headers: [[name, method]], alone: true })).toEqual(MISSING);
        expect(await as(`Bearer ${door.token}`, { headers: [[name, method]] })).toEqual(LET_IN);
      }
    });

    it("13 is repeated in no answer and no log line, be it good, unknown or broken, and the stores there or not", async () => {
      const broken = `${door.token.slice(0, -1)}${door.token.endsWith("x") ? "y" : "x"}`;
      const odd = "Bearer secret-but-no-token";
      const headers = [door.token, door.unknown, broken].flatMap((token) => [
        `Bearer ${token}`,
        token,
        `Token ${token}`,
        `Bearer ${token}, Bearer x`,
      ]);
      for (const authorization of [...headers, odd, "Basic c2VjcmV0LWJ1dC1uby10b2tlbg=="])
        for (const alone of [false, true])
          for (const query of ["", `?access_token=${door.token}`]) {
            const response = await door.send({ headers: [["authorization", authorization]], query, alone });
            const answer = JSON.stringify([await response.text(), [...response.headers]]);
            for (const secret of [door.token, door.unknown, broken, "secret-but"]) expect(answer).not.toContain(secret.slice(5));
          }
      for (const secret of [door.token, door.unknown, broken, "secret-but"]) expect(said.join("\n")).not.toContain(secret.slice(5));
    });
  });
}
