"""Where explanations that all pass contradict the network, themselves or each other: on states that no input gives."""
