"""The pages of the help desk: for who asks, for everybody, for operators, for supervisors."""
