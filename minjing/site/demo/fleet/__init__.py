"""A made-up city on wheels: drivers, licences, vehicles, by the million and the same for one seed.

Everything of row n is computed from the seed and n alone, so that a violation can name a vehicle without anything
kept in memory. Nobody in it exists: ID numbers and VINs have valid check digits and belong to no one; keys and seals
are fresh each time, because what seals must not be foreseen.
"""
