"""Pure decisions about money: what is due, what a word of the gateway changes, when to ask again."""
