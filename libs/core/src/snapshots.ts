/** State of a stream's deciders at a revision, without personal data. Disposable: losing it costs time, never truth. */
export interface Snapshot {
  readonly stream: string;
  readonly revision: number;
  /** Leaf hash of the event at that revision: a snapshot of another history is recognised and dropped. */
  readonly leafHash: string;
  readonly body: string;
}

export interface Snapshots {
  load(stream: string): Promise<Snapshot | undefined>;
  /** May return before anything is stored. */
  save(snapshot: Snapshot): Promise<void>;
}
