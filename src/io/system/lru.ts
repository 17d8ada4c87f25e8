/** Keeps values by key and drops the least recently used when they take more bytes than allowed. */

export interface Lru<K, V> {
  get(key: K): V | undefined;
  /** Keeps `value`, which takes `bytes`, and forgets others for it; alone it is kept however large it is. */
  set(key: K, value: V, bytes: number): void;
  delete(key: K): void;
}

export function createLru<K, V>(capacity: number): Lru<K, V> {
  // A Map remembers the order of insertion.
  const entries = new Map<K, { readonly value: V; readonly bytes: number }>();
  let total = 0;
  const forget = (key: K): void => {
    total -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const found = entries.get(key);
      if (found === undefined) return undefined;
      entries.delete(key);
      entries.set(key, found);
      return found.value;
    },
    set(key, value, bytes) {
      forget(key);
      entries.set(key, { value, bytes });
      total += bytes;
      for (const oldest of entries.keys()) {
        if (total <= capacity || entries.size === 1) break;
        forget(oldest);
      }
    },
    delete: forget,
  };
}
