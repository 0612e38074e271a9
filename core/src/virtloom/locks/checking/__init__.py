"""What is checked: the rules, the checker that judges by them, the order graph, deadlocks, and what sleeps.

`rules` is where to begin.
"""
