/** ECDSA over P-256 with SHA-256, the signature in DER and base64, as GitHub signs its reports. */
import { createPublicKey, verify } from "node:crypto";

/** Two numbers of 33 bytes with their headers, in base64. */
const SIGNATURE_LENGTH_MAX = 100;

/** False also for a key of another kind and for what is no signature at all. Does not check whose key it is. */
export function isSigned(body: Uint8Array, signature: string, pem: string): boolean {
  if (signature.length > SIGNATURE_LENGTH_MAX || !/^[A-Za-z0-9+/]+={0,2}$/.test(signature)) return false;
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType !== "ec" || key.asymmetricKeyDetails?.namedCurve !== "prime256v1") return false;
    // without options a signature is read as DER; with a key object workerd takes none
    return verify("sha256", body, key, Buffer.from(signature, "base64"));
  } catch {
    return false;
  }
}
