-- The warehouse's tables, on Redshift and on the PostgreSQL that stands in for it on a laptop. What each holds is
-- told in merge_orders.sql. A line that starts with --redshift or --postgres counts on that engine only: Redshift
-- has distribution and sort keys, PostgreSQL has indexes.

-- Redshift's clock: the start of the transaction, in UTC.
--postgres create or replace function getdate() returns timestamp
--postgres language sql stable parallel safe as $$ select now() at time zone 'utc' $$;

-- One row per order line as Firehose's COPY laid it down; cleared by merge_orders().
create table if not exists orders_landing (
    event_id varchar(1100) not null,
    invoice_no varchar(1000) not null,
    line_no integer,
    stock_code varchar(1000) not null,
    description varchar(1000),
    quantity integer not null,
    invoice_date timestamp not null,
    unit_price decimal(12, 4) not null,
    customer_id bigint,
    country varchar(1000) not null,
    replay_id varchar(1000),
    sent_at timestamp not null,
    landed_at timestamp not null default getdate()
)
--redshift distkey (event_id)
;

create table if not exists order_lines (
    event_id varchar(1100) not null,
    invoice_no varchar(1000) not null,
    line_no integer,
    stock_code varchar(1000) not null,
    description varchar(1000),
    quantity integer not null,
    invoice_date timestamp not null,
    unit_price decimal(12, 4) not null,
    customer_id bigint,
    country varchar(1000) not null,
    replay_id varchar(1000),
    sent_at timestamp not null,
    landed_at timestamp not null,
    merged_at timestamp not null default getdate(),
    primary key (event_id)
)
--redshift distkey (event_id)
--redshift sortkey (invoice_date)
--postgres with (fillfactor = 50)
;

create table if not exists invoices_summary (
    invoice_no varchar(1000) not null,
    kind varchar(10) not null,
    first_at timestamp not null,
    last_at timestamp not null,
    customer_id bigint,
    customers bigint not null,
    country varchar(1000) not null,
    lines bigint not null,
    units bigint not null,
    net_sales decimal(38, 4) not null,
    primary key (invoice_no)
)
--redshift sortkey (first_at)
;

create table if not exists sales_by_hour_country (
    hour timestamp not null,
    country varchar(1000) not null,
    net_sales decimal(38, 4) not null,
    gross_sales decimal(38, 4) not null,
    returns decimal(38, 4) not null,
    adjustments decimal(38, 4) not null,
    orders bigint not null,
    return_orders bigint not null,
    units bigint not null,
    lines bigint not null,
    primary key (hour, country)
)
--redshift sortkey (hour)
;

create table if not exists sales_by_day_product (
    day date not null,
    stock_code varchar(1000) not null,
    net_sales decimal(38, 4) not null,
    gross_sales decimal(38, 4) not null,
    returns decimal(38, 4) not null,
    adjustments decimal(38, 4) not null,
    orders bigint not null,
    return_orders bigint not null,
    units bigint not null,
    lines bigint not null,
    primary key (day, stock_code)
)
--redshift sortkey (day)
;

create table if not exists sales_by_month_product (
    month date not null,
    stock_code varchar(1000) not null,
    net_sales decimal(38, 4) not null,
    gross_sales decimal(38, 4) not null,
    returns decimal(38, 4) not null,
    adjustments decimal(38, 4) not null,
    orders bigint not null,
    return_orders bigint not null,
    units bigint not null,
    lines bigint not null,
    primary key (month, stock_code)
)
--redshift sortkey (month)
;

create table if not exists sales_by_month_product_country (
    month date not null,
    stock_code varchar(1000) not null,
    country varchar(1000) not null,
    net_sales decimal(38, 4) not null,
    gross_sales decimal(38, 4) not null,
    returns decimal(38, 4) not null,
    adjustments decimal(38, 4) not null,
    orders bigint not null,
    return_orders bigint not null,
    units bigint not null,
    lines bigint not null,
    primary key (month, stock_code, country)
)
--redshift sortkey (month)
;

create table if not exists customers_summary (
    customer varchar(32) not null,
    customer_id bigint,
    first_at timestamp not null,
    last_at timestamp not null,
    net_sales decimal(38, 4) not null,
    gross_sales decimal(38, 4) not null,
    returns decimal(38, 4) not null,
    adjustments decimal(38, 4) not null,
    orders bigint not null,
    return_orders bigint not null,
    units bigint not null,
    lines bigint not null,
    primary key (customer)
);

create table if not exists products (
    stock_code varchar(1000) not null,
    description varchar(1000),
    named_by_sale integer not null,
    primary key (stock_code)
);

-- These six are told of in merge_customers.sql.
create table if not exists customers_orders (
    customer_id bigint not null,
    country varchar(1000) not null,
    first_order varchar(1000),
    first_order_at timestamp,
    last_order_at timestamp,
    orders bigint not null,
    net_sales decimal(38, 4) not null,
    primary key (customer_id)
);

create table if not exists customers_by_month (
    customer_id bigint not null,
    month date not null,
    orders bigint not null,
    gross_sales decimal(38, 4) not null,
    primary key (customer_id, month)
)
--redshift sortkey (month)
;

create table if not exists cohorts (
    country varchar(1000) not null,
    cohort date not null,
    month date not null,
    customers bigint not null,
    orders bigint not null,
    gross_sales decimal(38, 4) not null,
    primary key (country, cohort, month)
);

create table if not exists rfm_cutoffs (
    score bigint not null,
    recency_from date,
    frequency_from bigint,
    monetary_from decimal(38, 4),
    primary key (score)
);

create table if not exists customers_by_rfm (
    country varchar(1000) not null,
    recency bigint not null,
    frequency bigint not null,
    monetary bigint not null,
    customers bigint not null,
    orders bigint not null,
    net_sales decimal(38, 4) not null,
    primary key (country, recency, frequency, monetary)
);

create table if not exists invoices_by_day (
    day date not null,
    country varchar(1000) not null,
    kind varchar(10) not null,
    standing varchar(20) not null,
    band bigint not null,
    invoices bigint not null,
    net_sales decimal(38, 4) not null,
    units bigint not null,
    lines bigint not null,
    primary key (day, country, kind, standing, band)
)
--redshift sortkey (day)
;

-- Always empty: merge_orders() locks it, so that two calls never overlap.
create table if not exists merge_lock (
    held boolean
);

-- One row, once something was merged: when the last merge had done its work, in UTC. What landed before waits no
-- longer than until the next one.
create table if not exists last_merge (
    ended_at timestamp not null
);

-- How merge_orders() finds the lines of touched keys.
--postgres create index if not exists order_lines_invoice_no on order_lines (invoice_no);
--postgres create index if not exists order_lines_invoice_date on order_lines (invoice_date);
--postgres create index if not exists order_lines_stock_code on order_lines (stock_code);
--postgres create index if not exists invoices_summary_first_at on invoices_summary (first_at);
--postgres create index if not exists sales_by_day_product_stock_code on sales_by_day_product (stock_code, day);
--postgres create index if not exists invoices_summary_customer_id on invoices_summary (customer_id);

-- How pages find the greatest invoices and customers without sorting all of them.
--postgres create index if not exists invoices_summary_net_sales on invoices_summary (net_sales);
--postgres create index if not exists customers_summary_net_sales on customers_summary (net_sales);
