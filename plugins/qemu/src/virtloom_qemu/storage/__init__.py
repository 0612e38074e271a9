"""Images on the host: what is in their headers, what is behind them, and how they are made."""
