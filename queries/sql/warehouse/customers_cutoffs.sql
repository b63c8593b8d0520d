-- One row per score from 1 to 5 that any customer has: what earns it at least, null where nobody has it by that measure.
select score, recency_from, frequency_from, monetary_from
from rfm_cutoffs
order by score
