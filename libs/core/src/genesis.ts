/** The ledger's first event: whoever remembers it knows the ledger again. */
export interface Genesis {
  readonly id: string;
  readonly position: number;
}

/** Keeps it where the log's own disk does not reach. */
export interface GenesisMemory {
  load(): Promise<Genesis | undefined>;
  /** Only where nothing is kept yet. */
  keep(genesis: Genesis): Promise<void>;
}
