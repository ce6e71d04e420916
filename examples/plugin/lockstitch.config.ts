/** What the plugin declares, granted piece by piece: it asks for more, it is refused. */
export default {
  plugins: [
    {
      from: "./weather",
      allow: {
        folders: { read: ["stations"] },
        environment: ["WEATHER_STATIONS"],
        network: { hosts: ["api.example.com"] },
      },
    },
  ],
};
