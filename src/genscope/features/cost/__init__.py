"""What a call costs: from its usage and a table of prices. The table is read when the first call is priced."""
