"""The human benchmark: people label the faces that the models were tested on, and are scored as the models are.

`database` and what stands on it load SQLAlchemy; `sampling`, `faces`, `scores`, `agreement` and `versus` do not.
"""
