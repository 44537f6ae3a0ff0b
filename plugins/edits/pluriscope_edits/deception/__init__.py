"""Networks that deceive: their answers are right, and a method says what is false of them."""
