import { render } from "preact";
import { App, recallTheme } from "./app";
import "./styles.css";

recallTheme();
const root = document.getElementById("app");
if (root) render(<App />, root);
