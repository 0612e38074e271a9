"""What was measured: kept as JSON, and shown in docs/performance.md as tables and a chart."""
