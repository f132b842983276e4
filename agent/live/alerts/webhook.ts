// One alert to one webhook: a POST of JSON, signed over its whole body. Follows no redirect, reads no answer but its status.

import { createHmac } from 'node:crypto';
import type { WebhookSettings } from './alert-settings.ts';

/** `drey-signature` is "sha256=" and HMAC-SHA-256 of the body under the webhook's secret, in hex. */
export const signatureOf = (secret: string, body: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

/** `fetch` takes no name and password in an address: they go into a header, as for any program of the web. */
function addressOf(given: string): { readonly url: URL; readonly headers: Readonly<Record<string, string>> } {
  const url = new URL(given);
  const words = [url.username, url.password].map(decodeURIComponent);
  url.username = '';
  url.password = '';
  if (words.every((word) => word === '')) return { url, headers: {} };
  return { url, headers: { authorization: `Basic ${Buffer.from(words.join(':')).toString('base64')}` } };
}

/** Rejects with why it was not taken, without the address or what was answered; `signal` ends a slow one. */
export async function postWebhook(
  { url, secret }: WebhookSettings,
  { body, id, signal }: { readonly body: string; readonly id: string; readonly signal: AbortSignal },
): Promise<void> {
  const address = addressOf(url);
  const answer = await fetch(address.url, {
    method: 'POST',
    redirect: 'manual',
    signal,
    body,
    headers: {
      ...address.headers,
      'content-type': 'application/json',
      'drey-delivery': id,
      'drey-signature': signatureOf(secret, body),
    },
  }).catch((error: unknown) => {
    if (signal.aborted) throw new Error('the receiver did not answer in time');
    const { cause } = error as { readonly cause?: { readonly code?: unknown; readonly message?: unknown } };
    if (cause?.message === 'bad port')
      throw new Error(
        'its port is one of those that no program of the web may ask, as it belongs to something else',
      );
    const why = typeof cause?.code === 'string' ? cause.code : 'no reason known';
    throw new Error(`the receiver cannot be reached (${why})`);
  });
  // The body may be endless; the status is all that counts.
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`the receiver answered ${answer.status}`);
}
