import type { Random, Vault } from '#libs/core';
import { unwrap, UnwrapError, wrap } from '#libs/trust';
import type { WrappingKey } from '#libs/trust';

/** The ledger's own keys, unwrapped. They are made once, with the ledger, and kept for ever. */
export interface LedgerSecrets {
  readonly ledgerId: string;
  /** Epoch key that wraps the customers' keys; one epoch so far, wrapped by the root key. */
  readonly kek: WrappingKey;
  readonly kIdem: Uint8Array;
  readonly kBlind: Uint8Array;
  /** Under which API keys are hashed. */
  readonly pepper: Uint8Array;
}

export class RootKeyError extends Error {
  override readonly name = 'RootKeyError';
}

const SECRET_BYTES = 32;
const NONCE_BYTES = 12;
const ROOT_ID = 'root';

interface StoredSecrets {
  readonly v: 1;
  readonly ledgerId: string;
  readonly kekId: string;
  readonly wrapped: {
    readonly kek: string;
    readonly idem: string;
    readonly blind: string;
    readonly pepper: string;
  };
}

/** Makes the secrets of a new ledger, wrapped by the root key, and stores them. */
export async function createSecrets(
  vault: Vault,
  rootKey: Uint8Array,
  random: Random,
  ledgerId: string,
  month: string,
) {
  const kek: WrappingKey = { id: `kek_${month}`, bytes: random.bytes(SECRET_BYTES) };
  const root: WrappingKey = { id: ROOT_ID, bytes: rootKey };
  const seal = (secret: Uint8Array, kid: string, by: WrappingKey): string =>
    wrap(secret, kid, by, random.bytes(NONCE_BYTES)).toString('base64');
  const stored: StoredSecrets = {
    v: 1,
    ledgerId,
    kekId: kek.id,
    wrapped: {
      kek: seal(kek.bytes, kek.id, root),
      idem: seal(random.bytes(SECRET_BYTES), 'idem', kek),
      blind: seal(random.bytes(SECRET_BYTES), 'blind', kek),
      pepper: seal(random.bytes(SECRET_BYTES), 'pepper', kek),
    },
  };
  await vault.createSecrets(JSON.stringify(stored));
}

/** Unwraps the ledger's secrets; throws `RootKeyError` where the root key is another one than the ledger's. */
export async function openSecrets(vault: Vault, rootKey: Uint8Array): Promise<LedgerSecrets> {
  const text = await vault.secrets();
  if (text === undefined) throw new RootKeyError('the vault has no secrets: it is not the vault of a ledger');
  const { ledgerId, kekId, wrapped }: StoredSecrets = JSON.parse(text);
  const open = (body: string, kid: string, by: WrappingKey): Buffer =>
    unwrap(Buffer.from(body, 'base64'), kid, by);
  try {
    const kek: WrappingKey = { id: kekId, bytes: open(wrapped.kek, kekId, { id: ROOT_ID, bytes: rootKey }) };
    return {
      ledgerId,
      kek,
      kIdem: open(wrapped.idem, 'idem', kek),
      kBlind: open(wrapped.blind, 'blind', kek),
      pepper: open(wrapped.pepper, 'pepper', kek),
    };
  } catch (error) {
    if (error instanceof UnwrapError)
      throw new RootKeyError('the root key is not the one this ledger was made with');
    throw error;
  }
}
