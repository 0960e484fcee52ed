// The operator's record: what a line of it can be.

/** One line of the operator's record. */
export interface LogEntry {
  readonly kind:
    | 'relayer_started'
    /** It ended by itself, with everything settled or released: what follows was no crash. */
    | 'relayer_stopped'
    /** An application has opened its writing connection. */
    | 'writer_opened'
    | 'taken_over'
    | 'fenced'
    | 'gateway'
    | 'verified'
    /** One event: it can never be delivered as it is. */
    | 'dead'
    | 'redriven'
    | 'discarded'
    /** One event: Convoy had lost it, it goes out again. */
    | 'resent'
    /** One event: Convoy has accepted it and will not deliver it. */
    | 'undelivered'
    /** Convoy's pipeline stores nothing, or stores again. */
    | 'pipeline'
    /** Events deleted that nothing was ever read back of. */
    | 'unconfirmed_pruned';
  readonly eventSeq?: number;
  readonly detail: Readonly<Record<string, unknown>>;
}
