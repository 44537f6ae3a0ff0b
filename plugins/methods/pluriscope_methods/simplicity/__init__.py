"""Description lengths of explanations under two stated codes, and which explanations are shortest."""
