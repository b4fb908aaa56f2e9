import { test } from "vitest";
import { writeFileSync } from "node:fs";
import { crashMatrix } from "../src/index.js";
import { atomicReplace } from "@holdfast/fs-seam";
const enc=new TextEncoder(), dec=new TextDecoder();
function save(d:any,t:string,good:boolean){const h=d.open("doc.tmp",{mode:"write",create:"if-missing",truncate:true});h.writeAt(enc.encode(t),0);if(good)h.syncBlocking("data");h.close();d.rename("doc.tmp","doc");if(good)d.syncNamesBlocking();}
test("x", async () => {
 let out="";
 for (const good of [false,true]) for (const p of ["posix","strict"])
 try{ const s=performance.now();const r=await crashMatrix({name:"save",setup:(d)=>d.writeFile("doc",enc.encode("old")),
  workload:(d,run)=>{save(d,"new".repeat(400),good);run.ack("saved")},
  recover:(d)=>dec.decode(d.readFile("doc")),
  check:(v,c)=>{ if(c.acked("saved")?v!=="new".repeat(400):v!=="new".repeat(400)&&v!=="old") throw new Error("read back "+JSON.stringify(v.slice(0,40))) },
  personalities:[p]});
 out+=JSON.stringify(r)+" "+(performance.now()-s)+"\n"}catch(e:any){out+=e.message+"\n"}
 try{ await crashMatrix({name:"lib",setup:(d)=>d.writeFile("doc",enc.encode("old")),
  workload:async (d,run)=>{await atomicReplace(d,"doc",enc.encode("new"),{rung:"os"});run.ack("saved")},
  recover:(d)=>dec.decode(d.readFile("doc")),
  check:(v,c)=>c.acked("saved")?v==="new":true,
  personalities:["posix"]});
 }catch(e:any){out+=e.message+"\n"+e.report.failures[0].trace.records.map((r:any)=>r.call?.site?.stack).join("\n")}
 writeFileSync("/tmp/zz.txt",out);
});
