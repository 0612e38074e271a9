"""virtloom's secret driver: `plugin` declares it, `driver` answers calls, `keeping` has the files."""
