"""Card tokens that a charger can check without asking anybody.

Reading order: token (what the 20 characters say), settings (keys and what a
token is worth), rules (may it charge?). Nothing here knows the interface of
`wit/`; `app.py` beside this package does.
"""
