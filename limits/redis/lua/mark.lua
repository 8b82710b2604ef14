-- A = {gen, id, told}: list a charge, telling every process of it.
mark(A[2], A[3])
return 1
