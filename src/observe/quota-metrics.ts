/** What quotas refuse and hold up, by kind of quota: names of tenants and workflows stay out. */
import { Counter, Gauge, type Registry } from "prom-client";

export type QuotaFigures = Readonly<Record<"refused" | "usedUp", Readonly<Record<string, number>>>>;

export function addQuotas(registry: Registry, quotas: () => QuotaFigures): void {
  const registers = [registry];
  new Counter({
    name: "lockstitch_quota_refusals_total",
    ...{ help: "Starts that a quota refused.", labelNames: ["quota"], registers },
    collect() {
      this.reset();
      for (const [quota, count] of Object.entries(quotas().refused)) this.inc({ quota }, count);
    },
  });
  new Gauge({
    name: "lockstitch_quotas_used_up",
    ...{ help: "Quotas that hold up attempts now.", labelNames: ["quota"], registers },
    collect() {
      for (const [quota, count] of Object.entries(quotas().usedUp)) this.set({ quota }, count);
    },
  });
}
