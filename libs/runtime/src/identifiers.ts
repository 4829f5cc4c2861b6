import { domainToASCII } from 'node:url';
import type { Identifier } from '#libs/events';
import { blindIndex } from '#libs/trust';

/**
 * The normal form under which an identifier is found (trust.md §2.2); the sealed value stays as it was given.
 * `undefined` where the value is no e-mail address or no E.164 number.
 */
export function normaliseIdentifier({ type, value }: Identifier): string | undefined {
  const text = value.normalize('NFC').trim();
  if (type === 'email') {
    const at = text.lastIndexOf('@');
    const domain = at > 0 ? domainToASCII(text.slice(at + 1)) : '';
    return domain === '' ? undefined : `${text.slice(0, at).toLowerCase()}@${domain}`;
  }
  if (type === 'phone') {
    const number = text.replace(/[\s.\-()[\]]/g, '');
    return /^\+\d{4,15}$/.test(number) ? number : undefined;
  }
  return text === '' ? undefined : text;
}

/** Blind index of an identifier; `undefined` where it has no normal form. */
export function indexOf(kBlind: Uint8Array, identifier: Identifier): string | undefined {
  const normal = normaliseIdentifier(identifier);
  return normal === undefined ? undefined : blindIndex(kBlind, identifier.type, normal);
}
