// The part of the store that the owner guard needs: is an owner known to be good, hold its events, let them go.

export interface OwnerVerbs {
  /** Whether this gateway accepted an event of this owner and nothing bad was heard of it: a look at its oldest rows. */
  wasAccepted(request: { readonly businessId: string; readonly gateway: string }): Promise<boolean>;
  /**
   * Makes pending events of an owner wait until `availableAtMs` (`endpoint`), with the reason in `last_error`: those that
   * are held already, and those among the next 2,000 due ones. At most about `limit` of each; returns how many.
   */
  holdOwner(request: {
    readonly businessId: string;
    readonly reason: string;
    readonly availableAtMs: number;
    readonly nowMs: number;
    readonly limit: number;
  }): Promise<number>;
  /** Makes up to `limit` held events of an owner due now; returns how many. */
  releaseOwner(request: {
    readonly businessId: string;
    readonly nowMs: number;
    readonly limit: number;
  }): Promise<number>;
}
