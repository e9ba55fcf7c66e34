-- Responsible managers of present deals.
SELECT employee.id, coalesce(nullif(btrim(employee.name), ''), 'Сотрудник ' || employee.id) AS name
FROM megaplan_raw.employees AS employee
WHERE employee.account = %(account)s
  AND EXISTS (
    SELECT FROM megaplan_raw.deals AS deal
    WHERE deal.account = employee.account AND deal.manager_id = employee.id AND deal.deleted_at IS NULL
  )
ORDER BY employee.id
