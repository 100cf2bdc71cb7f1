/** How to sign in with each type of provider. */
import { github } from "./github.ts";
import { oidc } from "./oidc.ts";
import type { SignInProtocol } from "./protocol.ts";
import type { ProviderType } from "./provider-store.ts";

export const PROTOCOLS: Record<ProviderType, SignInProtocol> = { oidc, google: oidc, github };
