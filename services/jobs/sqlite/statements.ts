import type { SqliteDatabase } from './database.ts';

/** Jobs whose time is not over; one parameter: now. */
const ALIVE = '(expires IS NULL OR expires > ?)';

/** Every statement of the job store. Parameters are in the order of the question marks. */
export function prepareStatements(database: SqliteDatabase) {
  return {
    /** id, kind, owner, progress, created, files, bytes */
    insert: database.prepare(
      `INSERT INTO jobs (id, kind, owner, state, progress, created, files, bytes, last_event)
       VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, 0)`,
    ),
    /** id, now */
    get: database.prepare(`SELECT * FROM jobs WHERE id = ? AND ${ALIVE}`),
    /** owner, state, state, before, before, now, limit */
    list: database.prepare(
      `SELECT * FROM jobs WHERE owner IS ? AND (? IS NULL OR state = ?) AND (? IS NULL OR id < ?) AND ${ALIVE}
       ORDER BY id DESC LIMIT ?`,
    ),
    inState: database.prepare('SELECT id FROM jobs WHERE state = ? ORDER BY id'),
    firstInState: database.prepare('SELECT id FROM jobs WHERE state = ? ORDER BY id LIMIT 1'),
    countInState: database.prepare('SELECT COUNT(*) AS count FROM jobs WHERE state = ?'),
    bytes: database.prepare('SELECT COALESCE(SUM(bytes), 0) AS bytes FROM jobs'),
    files: database.prepare('SELECT files FROM jobs WHERE id = ?'),
    /** files, bytes, id */
    setFiles: database.prepare('UPDATE jobs SET files = ?, bytes = ? WHERE id = ?'),
    /** started, id */
    start: database.prepare("UPDATE jobs SET state = 'running', started = ? WHERE id = ? AND state = 'queued'"),
    /** state, finished, expires, error, id, the states from which that may be (JSON) */
    end: database.prepare(
      `UPDATE jobs SET state = ?, finished = ?, expires = ?, error = ?
       WHERE id = ? AND state IN (SELECT value FROM json_each(?))`,
    ),
    interrupt: database.prepare("UPDATE jobs SET interruptions = interruptions + 1 WHERE id = ? AND state = 'running'"),
    run: database.prepare('SELECT ran_ms, interruptions FROM jobs WHERE id = ?'),
    /** ran_ms, interruptions, id */
    setRun: database.prepare("UPDATE jobs SET ran_ms = ?, interruptions = ? WHERE id = ? AND state = 'running'"),
    /** progress, id */
    setProgress: database.prepare("UPDATE jobs SET progress = ? WHERE id = ? AND state = 'running'"),
    nextEvent: database.prepare('UPDATE jobs SET last_event = last_event + 1 WHERE id = ? RETURNING last_event'),
    /** job, number, type, data */
    addEvent: database.prepare('INSERT INTO events (job, number, type, data) VALUES (?, ?, ?, ?)'),
    /** job, number: of the first that is kept */
    thinEvents: database.prepare("DELETE FROM events WHERE job = ? AND type = 'progress' AND number < ?"),
    /** job, after, limit */
    events: database.prepare(
      'SELECT number, type, data FROM events WHERE job = ? AND number > ? ORDER BY number LIMIT ?',
    ),
    /** owner, key, now */
    key: database.prepare(
      `SELECT hash, job FROM idempotency_keys JOIN jobs ON jobs.id = job
       WHERE idempotency_keys.owner = ? AND key = ? AND ${ALIVE}`,
    ),
    /** owner, key, hash, job */
    setKey: database.prepare('INSERT OR REPLACE INTO idempotency_keys (owner, key, hash, job) VALUES (?, ?, ?, ?)'),
    expired: database.prepare('SELECT id FROM jobs WHERE expires <= ?'),
    removeExpired: database.prepare('DELETE FROM jobs WHERE expires <= ?'),
  };
}

export type Statements = ReturnType<typeof prepareStatements>;
