// How an idempotency key is made of an event's id and its suffix, and taken apart again.

/** The ways in which a key can be an id and a suffix: a suffix begins with the key's last `~`, or is empty. */
export function keyParts(key: string): readonly (readonly [id: string, suffix: string])[] {
  const mark = key.lastIndexOf('~');
  return mark <= 0
    ? [[key, '']]
    : [
        [key, ''],
        [key.slice(0, mark), key.slice(mark)],
      ];
}
