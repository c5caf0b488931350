"""A ledger of shipments: what the limits on aggregate TPP have used up, and what is left."""
