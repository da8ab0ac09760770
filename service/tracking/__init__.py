"""MLflow as a projection of the run folder: sent exactly once, checked whole, never waited for.

address     where MLflow is: what may be recorded and shown, and what is connected to
owed        what MLflow is to hold of a run, as values read off its folder
held        what it does hold of one, and what differs
store       every call of MLflow
projection  brings the one to the other
trouble     what went wrong, in a person's words
"""
