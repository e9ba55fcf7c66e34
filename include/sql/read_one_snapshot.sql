-- All statements of this transaction see the same rows, whatever others write meanwhile.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
