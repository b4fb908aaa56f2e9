import { describe, expect, test } from "vitest";
import { bundledOrders, parseOrders } from "./order-file.js";

const parsed = (text: string): ReturnType<typeof parseOrders> => parseOrders(new TextEncoder().encode(text));

test("quotes, commas and line breaks are part of what they stand in", () => {
  expect(
    parsed(
      '\ufefforder_id,customer,amount,status,note\r\nA-1,"Hansen & Sons, Ltd.",12.50,paid,"two\r\nlines, ""quoted"""\r\n',
    ),
  ).toEqual([
    {
      id: "A-1",
      customer: "Hansen & Sons, Ltd.",
      status: "paid",
      amountCents: 1250,
      fields: {
        order_id: "A-1",
        customer: "Hansen & Sons, Ltd.",
        amount: "12.50",
        status: "paid",
        note: 'two\r\nlines, "quoted"',
      },
    },
  ]);
});

describe("columns are known by their names", () => {
  test.each([
    ["id,State,Total", "7,open,0.1", { id: "7", status: "open", amountCents: 10 }],
    ["Order No,Client Name,price", "7,Ann,19.99", { id: "7", customer: "Ann", amountCents: 1999 }],
    ["a,b", "1,2", { id: "row 1", customer: "", status: "", amountCents: 0 }],
    ["id,amount", "7,many", { id: "7", amountCents: 0 }],
  ])("%s", (head, row, order) => {
    expect(parsed(`${head}\n${row}\n`)).toMatchObject([order]);
  });

  test("ids that are there twice, or cannot be names, make room for the numbers of the rows", () => {
    expect(parsed("id\n7\n7\n").map(({ id }) => id)).toEqual(["row 1", "row 2"]);
    expect(parsed('id\n"a\nb"\nc\n').map(({ id }) => id)).toEqual(["row 1", "row 2"]);
  });
});

test.each([["a,b\n1\n"], ["a,b\n1,2,3\n"], ['a,b\n1,"2\n'], ['a,b\n1,2"3"4\n']])("%j is refused", (text) => {
  expect(() => parsed(text)).toThrow(/Record Length|Quote/);
});

test("the bundled file has 1,500 orders with ids, sums and what makes a CSV hard to read", () => {
  const orders = parseOrders(bundledOrders());
  expect(orders.length).toBe(1500);
  expect(new Set(orders.map(({ id }) => id)).size).toBe(1500);
  expect(orders[0]).toMatchObject({ id: "A-10001", customer: "Café Paloma", amountCents: 2880, status: "placed" });
  expect(orders[0]?.fields["note"]).toBe("second floor,\nleft");
  expect(orders.every(({ amountCents, customer, status }) => amountCents > 0 && customer !== "" && status !== "")).toBe(
    true,
  );
});
