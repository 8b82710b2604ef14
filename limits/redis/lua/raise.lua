-- A = {gen, id, charge}: a settlement above the hold was made and is not durable yet; it stands with the higher figures.
local hold = hold_of(A[2])
if not hold then return 0 end
hold[CHARGE] = A[3]
cover(hold, A[3])
keep(A[2], hold)
return 1
