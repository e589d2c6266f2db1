// A list that is read again while people look at it: what they look at stays where it is.
import type { Job } from "./types";

export interface Page {
  items: Job[];
  cursor: string | null;
}

export interface Held {
  jobs: Job[];
  cursor: string | null;
  /** Older pages were asked for. */
  extended: boolean;
}

/** Lay the newest page over what is known. `keep`: what has moved past its end stays. */
export function laid(known: Held | null, page: Page, keep: boolean): Held {
  const fresh: Held = { jobs: page.items, cursor: page.cursor, extended: false };
  const oldest = page.items.at(-1);
  if (!known || !keep || page.cursor === null || !oldest) return fresh;
  const ids = new Set(page.items.map((job) => job.id));
  // So many came meanwhile that there may be others in between.
  if (known.jobs.length > 0 && !known.jobs.some((job) => ids.has(job.id))) return fresh;
  // What is not in the page and is as new as its last has left the list: it was deleted, or fits the filters no more.
  const past = known.jobs.filter((job) => !ids.has(job.id) && job.created_at < oldest.created_at);
  return { jobs: [...page.items, ...past], cursor: known.extended ? known.cursor : page.cursor, extended: known.extended };
}

export function extended(known: Held, page: Page): Held {
  const ids = new Set(known.jobs.map((job) => job.id));
  return { jobs: [...known.jobs, ...page.items.filter((job) => !ids.has(job.id))], cursor: page.cursor, extended: true };
}

/** What is shown to somebody who reads: nothing that came after the reading began, unless nothing else is left. */
export function parted(jobs: Job[], since: string | null): { shown: Job[]; newer: number } {
  const shown = since === null ? jobs : jobs.filter((job) => job.created_at <= since);
  return shown.length ? { shown, newer: jobs.length - shown.length } : { shown: jobs, newer: 0 };
}
